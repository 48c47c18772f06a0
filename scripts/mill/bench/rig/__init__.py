"""What a measurement is set up from: data, servers, processes."""
