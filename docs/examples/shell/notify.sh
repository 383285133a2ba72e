#!/bin/sh
# A backend in shell: needs the AWS CLI and jq, which writes JSON that no text can break.
#
# sh notify.sh role alice admin | log-out alice | licence acme pro | toast "Maintenance at ten."
set -eu

hub=notifications

usage() {
  echo "usage: QUEUE_URL=.. sh notify.sh role USER ROLE | log-out USER | licence GROUP PLAN | toast TEXT" >&2
  exit 2
}

# What must stay in order shares a group; names that SQS does not take go as their digest.
message_group() {
  name="$hub:$1"
  if printf '%s' "$name" | LC_ALL=C grep -qE '^[!-~]{1,128}$'; then
    printf '%s' "$name"
  else
    printf '%s' "$name" | sha256sum | cut -d' ' -f1
  fi
}

# Region and credentials come from the environment; so does the endpoint of the local stack, which version 1
# of the CLI would not read by itself.
# The deduplication id is fresh: two sends of the same text are two notifications.
send() {
  aws sqs send-message ${AWS_ENDPOINT_URL_SQS:+--endpoint-url "$AWS_ENDPOINT_URL_SQS"} \
    --queue-url "$QUEUE_URL" \
    --message-group-id "$(message_group "$1")" \
    --message-deduplication-id "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" \
    --message-body "$2" >/dev/null
}

[ -n "${QUEUE_URL:-}" ] || usage
case "${1:-} $#" in
  "role 3")
    send "user:$2" "$(jq -cn --arg user "$2" --arg role "$3" \
      '{userId: $user, target: "permissionsChanged", arguments: [{role: $role}]}')"
    ;;
  "log-out 2") # In one message, so that the tabs are told before they are closed.
    send "user:$2" "$(jq -cn --arg user "$2" \
      '[{userId: $user, target: "log_off_initiated"},
        {userId: $user, action: "close", reason: "You have been signed out."}]')"
    ;;
  "licence 3")
    send "group:$2" "$(jq -cn --arg group "$2" --arg plan "$3" \
      '{groupName: $group, target: "licenceChanged", arguments: [{plan: $plan}]}')"
    ;;
  "toast 2")
    send hub "$(jq -cn --arg text "$2" '{everyone: true, target: "toast", arguments: [$text]}')"
    ;;
  *)
    usage
    ;;
esac
