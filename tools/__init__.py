"""What a developer runs: face networks, demo, zips, release notes, benchmarks, proofs on real rigs. Not in the zip."""
