"""The story that ``manage.py demo`` plays, told from outside: HTTP and sockets, no import of the
server. What a client developer reads to see how a client is written."""
