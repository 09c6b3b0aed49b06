"""The commands of `opsguard`, one module each: arguments in, text out. The work is done by the other packages."""
