"""The paper "Fast Instance and Semantic Segmentation": superpixels, metric learning and one-shot centres."""
