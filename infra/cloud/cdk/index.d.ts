import { Construct } from "constructs";

export interface HubcastProps {
  /** The folder that `make package` writes. */
  readonly folder: string;
  /** Parameters of template.yaml by their names. Those that are left out have their defaults. */
  readonly parameters?: Record<string, string>;
  /** Parameters of observability.yaml; without them there are no alarms. What comes from the service is filled in. */
  readonly observability?: Record<string, string>;
}

export class Hubcast extends Construct {
  constructor(scope: Construct, id: string, props: HubcastProps);
  output(name: string): string;
}

export interface HubcastFrontDoorProps {
  readonly folder: string;
  readonly webSocketDomain: string;
  readonly httpDomain: string;
  /** Parameters of front-door.yaml, besides these domains. */
  readonly parameters?: Record<string, string>;
}

export class HubcastFrontDoor extends Construct {
  constructor(scope: Construct, id: string, props: HubcastFrontDoorProps);
  readonly publicUrl: string;
}

export function stamped(template: string, parameters: Record<string, string>): string;
