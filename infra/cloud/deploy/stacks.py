"""The three stacks of a deployment, in their order, and what the later ones need of the first one's outputs."""

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
CLOUD = ROOT / "infra" / "cloud"


@dataclass(frozen=True)
class Part:
    """One stack: `suffix` follows the deployment's name, `needs` are its parameters by the first stack's outputs."""

    suffix: str
    source: Path
    template: Path
    region: str | None = None
    needs: dict = field(default_factory=dict)
    # The parameter that names the deployment, if there is one.
    named: str | None = None

    def name(self, deployment):
        return f"{deployment}-{self.suffix}" if self.suffix else deployment

    def derived(self):
        return [*self.needs, *([self.named] if self.named else [])]

    def parameters(self, deployment, outputs):
        """Values of what this stack is told of the first one; an output that is not there has the default."""
        found = {name: outputs[output] for name, output in self.needs.items() if output in outputs}
        return {**found, **({self.named: deployment} if self.named else {})}


SERVICE = Part("", ROOT / "template.yaml", BUILT)
FRONT_DOOR = Part(
    "front-door",
    CLOUD / "front-door.yaml",
    CLOUD / "front-door.yaml",
    # CloudFront's logs, web ACLs and certificates live there.
    region="us-east-1",
    needs={"WebSocketDomain": "WebSocketDomain", "WebSocketStage": "WebSocketStage", "HttpDomain": "HttpDomain"},
)
OBSERVABILITY = Part(
    "observability",
    CLOUD / "observability.yaml",
    CLOUD / "observability.yaml",
    needs={
        "WebSocketApiId": "WebSocketApiId",
        "WebSocketStage": "WebSocketStage",
        "HttpApiId": "HttpApiId",
        "TableName": "TableName",
        "NotificationsQueue": "NotificationsQueueName",
        "DeliveriesQueue": "DeliveriesQueueName",
        "DeadLetterQueue": "DeadLetterQueueName",
        "IngressQueue": "IngressQueueName",
        "IngressDeadLetterQueue": "IngressDeadLetterQueueName",
        "UpstreamQueue": "UpstreamQueueName",
        "UpstreamDeadLetterQueue": "UpstreamDeadLetterQueueName",
        "TimersQueue": "TimersQueueName",
        "UpstreamLogs": "UpstreamLogs",
    },
    named="Deployment",
)
LATER = [FRONT_DOOR, OBSERVABILITY]
