"""The server process: Daphne or uvicorn, the work beside it, and how both come to an end."""
