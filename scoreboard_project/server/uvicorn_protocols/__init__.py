"""What we add to uvicorn's connections, for HTTP and for sockets."""
