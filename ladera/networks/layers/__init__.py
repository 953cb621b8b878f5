"""Layers, one kind a file; a network is a row of them."""

from ladera.networks.layers._layer import ASKING, Layer, Pass, Seen, Shape
from ladera.networks.layers.convolution import Channels, Conv, ConvPool, MaxPool
from ladera.networks.layers.dense import Activation, Affine, Dense, Flatten
from ladera.networks.layers.dropout import Dropout
from ladera.networks.layers.embedding import Embedding, Mean, Padded, Table
from ladera.networks.layers.norm import BatchNorm, LayerNorm
from ladera.networks.layers.recurrent import Last, Recurrence, Recurrent, Steps
from ladera.networks.layers.residual import Residual

__all__ = [
    "ASKING",
    "Activation",
    "Affine",
    "BatchNorm",
    "Channels",
    "Conv",
    "ConvPool",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Last",
    "Layer",
    "LayerNorm",
    "MaxPool",
    "Mean",
    "Padded",
    "Pass",
    "Recurrence",
    "Recurrent",
    "Residual",
    "Seen",
    "Shape",
    "Steps",
    "Table",
]
