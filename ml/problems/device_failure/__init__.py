"""Will a device fail, or fall silent: features, lives, the rule, words. Import the submodules."""
