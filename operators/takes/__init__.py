"""What is stored in the .blend or beside it: performances (takes) and the actors they are of.

May import common.
"""
