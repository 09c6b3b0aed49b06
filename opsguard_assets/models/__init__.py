"""Models in use: champions, promotion, monitoring, and the models of past trainings."""
