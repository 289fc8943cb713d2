"""One hook a service: the only classes that know both a Connection and our adapters."""
