"""The sides: each module is a program that trains what it is asked for and says when it is done."""
