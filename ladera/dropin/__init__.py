"""What the drop-ins for PyTorch and optax share, and how PyTorch's runs a rule on many tensors at once."""
