terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.40"
    }
  }
  backend "s3" {
    bucket         = "acme-tfstate"
    key            = "media/prod.tfstate"
    region         = "eu-central-1"
    dynamodb_table = "tf-locks"
  }
}

variable "desired_workers" {
  description = "Transcoders that run at night"
  type        = number
  default     = 6
}

resource "aws_s3_bucket" "uploads" {
  bucket = "acme-media-uploads"
}

resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  rule {
    id     = "cold"
    status = "Enabled"
    transition {
      days          = 45
      storage_class = "GLACIER_IR"
    }
    expiration {
      days = 730
    }
  }

  rule {
    id     = "half-uploaded"
    status = "Enabled"
    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }
}

resource "aws_sqs_queue" "jobs" {
  name                       = "transcode-jobs"
  visibility_timeout_seconds = 5400 # a film in 4K takes over an hour
  message_retention_seconds  = 345600
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 3
  })
}

resource "aws_sqs_queue" "dead" {
  name = "transcode-dead"
}

resource "aws_autoscaling_group" "workers" {
  name             = "transcoders"
  min_size         = 1
  max_size         = 20
  desired_capacity = var.desired_workers

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity = 1
      spot_allocation_strategy = "price-capacity-optimized"
    }
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.worker.id
      }
      override { instance_type = "c6g.4xlarge" }
      override { instance_type = "c7g.4xlarge" }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "stuck" {
  alarm_name          = "jobs-stuck"
  metric_name         = "ApproximateAgeOfOldestMessage"
  namespace           = "AWS/SQS"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 7200
  period              = 300
  evaluation_periods  = 2
  alarm_actions       = [aws_sns_topic.oncall.arn]
}
