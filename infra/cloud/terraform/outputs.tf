output "service" {
  description = "The outputs of the first stack, such as NotificationsQueueUrl and HubUrl."
  value       = aws_cloudformation_stack.service.outputs
}

output "front_door" {
  description = "The outputs of the front door; its PublicUrl belongs into parameters, in a second apply."
  value       = one(aws_cloudformation_stack.front_door[*].outputs)
}
