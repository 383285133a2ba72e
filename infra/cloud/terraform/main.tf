# hubcast as three stacks of CloudFormation: the templates stay the one description of what there is.

locals {
  packaged = file("${var.package}/template.yaml")
  # SAM publishes a version of a function when a text changes, and does not see that a parameter did. So the
  # release stamp is made of all that may change: without a change, a plan shows none.
  release = substr(sha256(jsonencode([local.packaged, var.parameters, nonsensitive(sha256(jsonencode(var.secret_parameters)))])), 0, 32)
  stamped = replace(local.packaged, "/(?m)^(\\s*RELEASE:).*$/", "$1 ${local.release}")
}

resource "aws_s3_object" "template" {
  bucket  = var.bucket
  key     = "${var.name}/${local.release}.template.yaml"
  content = local.stamped

  lifecycle {
    precondition {
      condition     = can(regex("(?m)^\\s*RELEASE:", local.packaged))
      error_message = "The template has no place for the release stamp, so changed parameters would have no effect."
    }
  }
}

resource "aws_cloudformation_stack" "service" {
  name         = var.name
  template_url = "https://${aws_s3_object.template.bucket}.s3.amazonaws.com/${aws_s3_object.template.key}"
  parameters   = merge(var.parameters, var.secret_parameters)
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
  iam_role_arn = var.execution_role_arn
  tags         = var.tags
}

resource "aws_cloudformation_stack" "front_door" {
  count    = var.front_door == null ? 0 : 1
  provider = aws.us_east_1

  name          = "${var.name}-front-door"
  template_body = file("${var.package}/front-door.yaml")
  iam_role_arn  = var.execution_role_arn
  tags          = var.tags

  parameters = merge(
    {
      WebSocketDomain = aws_cloudformation_stack.service.outputs["WebSocketDomain"]
      WebSocketStage  = aws_cloudformation_stack.service.outputs["WebSocketStage"]
      HttpDomain      = aws_cloudformation_stack.service.outputs["HttpDomain"]
    },
    # Of two secrets the first is the newer.
    { for name, value in var.secret_parameters : name => split(",", value)[0] if name == "FrontDoorSecret" && value != "none" },
    var.front_door,
  )
}

resource "aws_cloudformation_stack" "observability" {
  count = var.observability == null ? 0 : 1

  name          = "${var.name}-observability"
  template_body = file("${var.package}/observability.yaml")
  iam_role_arn  = var.execution_role_arn
  tags          = var.tags

  parameters = merge(
    {
      Deployment              = var.name
      WebSocketApiId          = aws_cloudformation_stack.service.outputs["WebSocketApiId"]
      WebSocketStage          = aws_cloudformation_stack.service.outputs["WebSocketStage"]
      HttpApiId               = aws_cloudformation_stack.service.outputs["HttpApiId"]
      TableName               = aws_cloudformation_stack.service.outputs["TableName"]
      NotificationsQueue      = aws_cloudformation_stack.service.outputs["NotificationsQueueName"]
      DeliveriesQueue         = aws_cloudformation_stack.service.outputs["DeliveriesQueueName"]
      DeadLetterQueue         = aws_cloudformation_stack.service.outputs["DeadLetterQueueName"]
      IngressQueue            = lookup(aws_cloudformation_stack.service.outputs, "IngressQueueName", "none")
      IngressDeadLetterQueue  = lookup(aws_cloudformation_stack.service.outputs, "IngressDeadLetterQueueName", "none")
      UpstreamQueue           = lookup(aws_cloudformation_stack.service.outputs, "UpstreamQueueName", "none")
      UpstreamDeadLetterQueue = lookup(aws_cloudformation_stack.service.outputs, "UpstreamDeadLetterQueueName", "none")
      TimersQueue             = lookup(aws_cloudformation_stack.service.outputs, "TimersQueueName", "none")
      UpstreamLogs            = lookup(aws_cloudformation_stack.service.outputs, "UpstreamLogs", "none")
    },
    var.observability,
  )
}
