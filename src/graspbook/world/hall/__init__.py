"""Halls with things of many classes and sizes, some of which look alike."""
