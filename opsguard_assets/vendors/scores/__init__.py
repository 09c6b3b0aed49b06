"""The score of every vendor: jobs, shrinkage, grades, months."""
