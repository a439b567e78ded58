"""What the VLM service counts."""

from prometheus_client import Counter, Gauge, Histogram

ASSESSMENTS = Counter("attune_vlm_assessments", "Assessments made", ["reasoner", "tier"])
REPEATS = Counter("attune_vlm_repeats", "Requests answered with the assessment that was already kept")
FALLBACKS = Counter("attune_vlm_fallbacks", "Times the rules answered although a model is configured", ["reason"])
ATTEMPTS = Counter("attune_vlm_attempts", "Requests to the model's server", ["outcome"])
REFUSED = Counter("attune_vlm_refused", "Requests refused", ["reason"])
ENGINE_SECONDS = Histogram(
    "attune_vlm_engine_seconds", "Time to a model's verdict", buckets=(0.1, 0.3, 1, 2, 3, 5, 8, 12, 20, 40, 80)
)
WAITING = Gauge("attune_vlm_waiting", "Events that are being reasoned about")
WITHHELD = Counter("attune_vlm_thinking_withheld", "Thinking that was not kept because of the resident's mode")
CLAIMS = Counter("attune_vlm_claims", "Claims of the model's answers, by what was measured", ["support"])
SERVER_ABLE = Gauge("attune_vlm_server_able", "Whether a model's server is asked: neither ill nor resting", ["server"])
SERVER_BUSY = Gauge("attune_vlm_server_busy", "Requests that a model's server is answering", ["server"])
QUEUED = Gauge("attune_vlm_queued", "Questions that wait for a place at the model's servers")
DROPPED = Counter("attune_vlm_dropped", "Questions sent away because too many waited; the rules answered them")
AMENDED = Counter("attune_vlm_amended", "Opinions of the model that came after the rules had answered")
ABANDONED = Counter("attune_vlm_abandoned", "Questions given up before the model answered", ["why"])
RESUMED = Counter("attune_vlm_resumed", "Questions of an earlier life of this process that were taken up again")
ADAPTERS_REFUSED = Counter("attune_vlm_adapters_refused", "Pushed adapters that were refused", ["reason"])
PICTURES = Counter("attune_vlm_pictures", "Pictures of events: shown to a model, or why not", ["fate"])
ADAPTER_ANSWERS = Counter("attune_vlm_adapter_answers", "Answers by what who gave them is", ["role", "outcome"])
BESIDE_LEFT_OUT = Counter("attune_vlm_beside_left_out", "Unheard answers that were left out: too many were under way")
PROOFS = Counter("attune_vlm_adapter_proofs", "Proofs of adapters at servers that came back", ["outcome"])
OUTDATED = Gauge(
    "attune_vlm_adapters_outdated", "Versions that are heard by gates judged with another prompt, policy or one beside"
)
UNTRUSTED = Gauge("attune_vlm_adapters_untrusted", "Versions that servers hold and no key that is trusted now signed")
ADAPTERS = Gauge("attune_vlm_adapters", "Versions of adapters, by where they stand", ["state"])
ADAPTER_BYTES = Gauge("attune_vlm_adapter_bytes", "Weights of adapters that the servers hold, as files", ["state"])
CANARY_SHARE = Gauge("attune_vlm_canary_share", "Share of all events for which a canary is heard")
CANARY_ROOMS = Gauge("attune_vlm_canary_rooms", "Rooms for whose events a canary is heard, where it is by rooms")
UNPROVEN = Gauge("attune_vlm_servers_unproven", "Servers that do not hold, proven, every adapter that they should")
ROLLED_BACK = Counter("attune_vlm_rolled_back", "Adapters that were taken back by themselves", ["why"])
