"""Models in use: who is champion, how a version becomes it, what a training leaves behind."""
