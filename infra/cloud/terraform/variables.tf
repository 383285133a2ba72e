variable "name" {
  description = "The deployment's name: that of its first stack, and the beginning of all others."
  type        = string
  default     = "hubcast"
}

variable "package" {
  description = "The folder that `make package` writes: the packaged template, and those of front door and observability."
  type        = string
}

variable "bucket" {
  description = "A bucket in the region of the deployment, for the packaged template. The same as that of `make package`, or another."
  type        = string
}

variable "parameters" {
  description = "Parameters of template.yaml by their names, such as { Hubs = \"notifications\" }. Those that are left out have their defaults."
  type        = map(string)
  default     = {}
}

variable "secret_parameters" {
  description = "FrontDoorSecret and UpstreamUrl, which no plan shows."
  type        = map(string)
  default     = {}
  sensitive   = true
}

variable "front_door" {
  description = "Parameters of front-door.yaml, or null for no front door. WebSocketDomain, WebSocketStage and HttpDomain are filled in."
  type        = map(string)
  default     = null
}

variable "observability" {
  description = "Parameters of observability.yaml, or null for no alarms. What comes from the first stack is filled in."
  type        = map(string)
  default     = null
}

variable "execution_role_arn" {
  description = "The role that CloudFormation works with, such as the output ExecutorArn of pipeline.yaml. Null for the caller's own rights."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all stacks, and of what CloudFormation can tag in them."
  type        = map(string)
  default     = { application = "hubcast" }
}
