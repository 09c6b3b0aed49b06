"""The commands of `opsguard`, one module each: words in, words out. What they do lives in the rooms."""
