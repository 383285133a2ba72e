terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
      # The front door lives in us-east-1, always.
      configuration_aliases = [aws.us_east_1]
    }
  }
}
