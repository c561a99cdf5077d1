//! Layers and networks: memory, gradients, and the numbers of others.

mod buffers;
mod complete;
mod goldens;
mod gradients;
mod head;
mod local;
mod local_folded;
mod local_quant;
mod mlperf_tiny;
mod quant;
mod quant_layers;
mod shards;
