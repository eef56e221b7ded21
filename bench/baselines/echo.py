"""Pairly with one command more: ``bench.echo`` answers as a heartbeat does, and looks at nothing.

Serve ``bench.baselines.echo:application``. Heartbeats and echoes are answered by one process, whose
garbage collector is set as ``manage.py serve`` sets it.
"""

from pairly.asgi import application
from pairly.realtime.commands import HeartbeatAck, HeartbeatCommand
from pairly.realtime.connections import Connection
from pairly.realtime.frames import register_command
from pairly.serving.background import quieter_garbage_collector

__all__ = ["application"]


@register_command(
    "bench.echo",
    feature="general",
    data=HeartbeatCommand,
    ack=HeartbeatAck,
    is_activity=False,
)
async def echo(connection: Connection, _data: HeartbeatCommand) -> HeartbeatAck:
    """Answers at once."""
    return HeartbeatAck(connection.start_position)


quieter_garbage_collector()
