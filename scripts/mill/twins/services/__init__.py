"""The services that have a twin, each a module or package with `build(setup)`."""
