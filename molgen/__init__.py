"""molgen: 3D molecule generation with E(3)-equivariant diffusion."""
