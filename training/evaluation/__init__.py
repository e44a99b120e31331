"""How good the regressor is: test sets, measures, real clips, tables of docs/evaluation.md. May import everything."""
