"""Why a model could not answer; each class has a reason from a closed set, used in metrics and assessments."""

from typing import ClassVar


class EngineFailure(RuntimeError):
    """The model's server gave no verdict."""

    reason: ClassVar[str] = "failed"
    worth_a_retry: ClassVar[bool] = False
    """Whether asking again at once may help."""
    may_pass: ClassVar[bool] = False
    """Whether asking again some seconds later may help."""


class Unreachable(EngineFailure):
    """No connection, or one that broke."""

    reason = "unreachable"
    may_pass = True
    worth_a_retry = True


class QueueFull(EngineFailure):
    """More wait for the model than may, and this was the least urgent of them."""

    reason = "queue_full"


class NoServer(EngineFailure):
    """Every server rests after failures or says that it is ill: nobody is made to wait for one."""

    reason = "no_server"
    may_pass = True


class TimedOut(EngineFailure):
    """No verdict within the deadline."""

    reason = "timeout"


class Overloaded(EngineFailure):
    """The server says that it has too much to do (429 or 503)."""

    reason = "overloaded"
    may_pass = True
    worth_a_retry = True


class ServerError(EngineFailure):
    """The server failed (5xx)."""

    reason = "server_error"
    may_pass = True
    worth_a_retry = True


class RequestRefused(EngineFailure):
    """The server will not have the request (4xx), e.g. an unknown model or adapter; asking again cannot help."""

    reason = "refused"


class UnknownModel(RequestRefused):
    """The server knows no model or adapter of this name."""


class NotLoaded(EngineFailure):
    """The server will not take the adapter; the message is its own reason."""

    reason = "adapter_not_loaded"
    may_pass = True
    worth_a_retry = True


class AdapterAway(EngineFailure):
    """The server does not know the adapter that it was said to hold: it was started anew since."""

    reason = "adapter_away"
    may_pass = True
    worth_a_retry = True


class NotProven(EngineFailure):
    """The server holds the adapter, but has not shown since it took it that it answers with it as training recorded."""

    reason = "adapter_not_proven"
    may_pass = True


class NotAChatCompletion(EngineFailure):
    """The server answered with something else than a chat completion."""

    reason = "invalid_answer"
    worth_a_retry = True
