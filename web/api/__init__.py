"""What every API view shares. Modules apart, because DRF imports each by name while it loads itself."""
