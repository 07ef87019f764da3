"""The routes, one controller a topic. A handler reads the request, calls a use case, shapes the answer."""
