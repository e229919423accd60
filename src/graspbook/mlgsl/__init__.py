"""The paper "Learn to Grasp with Less Supervision": dense grasp maps from two labels an image."""
