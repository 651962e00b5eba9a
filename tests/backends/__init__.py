"""Language models as they are met outside: real servers, with a real model."""
