"""What a developer runs: fetching the face networks, the demo, the zips, the benchmark. Not in the zip."""
