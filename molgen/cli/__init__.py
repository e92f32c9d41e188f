"""The ``molgen`` command: one module per subcommand, composed from everything below."""
