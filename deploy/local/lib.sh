# shellcheck shell=bash
# What demo.sh and dev.sh share. Sourced, after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
project=48cc2c48765f481480c7db940d6409d1
system=dli-operator-system

fail() {
    echo "error: $*" >&2
    exit 1
}

step() {
    if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

# show prints a command as a user would type it, run prints and runs it.
show() {
    local word line=
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./:=,@%+-]*) line+=" '${word//\'/\'\\\'\'}'" ;;
        *) line+=" $word" ;;
        esac
    done
    echo "\$$line"
}
run() {
    show "$@"
    "$@"
}

# The work folder, and the one process that clears it. That process reads a pipe
# which only this script holds open, so it acts when this script ends, however
# it ends: it stops what `start` has started and removes the folder.
open_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/dli-operator.XXXXXX")
    : >"$work/pids"
    mkfifo "$work/alive"
    (
        trap '' INT TERM HUP
        cat "$work/alive" >/dev/null
        stop_all
        rm -rf "$work"
    ) 8>&- </dev/null &
    keeper=$!
    exec 8>"$work/alive"
    trap close_work EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}

close_work() {
    local code=$?
    trap '' TERM HUP
    trap 'exit 130' INT # a second Ctrl-C does not wait for before_close
    before_close || true
    exec 8>&-
    wait "$keeper" 2>/dev/null || true
    if [ "$code" -eq 0 ]; then echo "All that was started is stopped."; fi
    exit "$code"
}
before_close() { :; }

# A process that nobody has waited for yet is gone all the same.
gone() {
    if ! kill -0 "$1" 2>/dev/null; then return 0; fi
    case $(ps -o stat= -p "$1" 2>/dev/null) in Z*) return 0 ;; *) return 1 ;; esac
}

# Newest first: the operator ends before the API server that holds its lease.
stop_all() {
    local pid pids=() tries
    while read -r pid; do pids=("$pid" ${pids[@]+"${pids[@]}"}); done <"$work/pids"
    for pid in ${pids[@]+"${pids[@]}"}; do
        kill -TERM "$pid" 2>/dev/null || continue
        for ((tries = 0; tries < 50; tries++)); do
            if gone "$pid"; then break; fi
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
}

# start NAME COMMAND...: in the background, out of reach of Ctrl-C, standard
# output to NAME.out and standard error to NAME.log; its pid in $started.
start() {
    local name=$1
    shift
    set -m
    "$@" >"$work/$name.out" 2>"$work/$name.log" </dev/null 8>&- &
    started=$!
    set +m
    echo "$started" >>"$work/pids"
}

alive() { kill -0 "$1" 2>/dev/null; }

# field NAME FILE: a string or number out of the first line of JSON in FILE.
field() {
    sed -n '1s/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p' "$2"
}

# await NAME PID SECONDS: until NAME.out has a line.
await() {
    local name=$1 pid=$2 tries
    for ((tries = 0; tries < $3 * 10; tries++)); do
        if [ "$(wc -l <"$work/$name.out")" -gt 0 ]; then return 0; fi
        alive "$pid" || break
        sleep 0.1
    done
    tail -n 20 "$work/$name.log" >&2
    fail "$name did not start"
}

# build_all leaves $bin and $operator. DLI_OPERATOR_BIN is used as it is.
build_all() {
    step "Building (only the first time takes minutes)"
    bin=$("$root/deploy/local/build.sh")
    operator=${DLI_OPERATOR_BIN:-}
    if [ -n "$operator" ]; then
        [ -x "$operator" ] || fail "DLI_OPERATOR_BIN is $operator, which is no program"
        operator=$(cd "$(dirname "$operator")" && pwd)/$(basename "$operator")
    else
        run cargo build --release --bin dli-operator
        operator=${CARGO_TARGET_DIR:-$root/target}/release/dli-operator
    fi
    export PATH="$bin:$PATH"
}

start_control_plane() {
    step "Starting a control plane: etcd, kube-apiserver, namespace controller, garbage collector"
    show local-cluster up --dir "$work/cluster"
    start local-cluster "$bin/local-cluster" up --dir "$work/cluster"
    await local-cluster "$started" 100
    KUBECONFIG=$(field kubeconfig "$work/local-cluster.out")
    export KUBECONFIG
    echo "ready in $(field seconds "$work/local-cluster.out") s at $(field server "$work/local-cluster.out")"
}

# start_simulator TIME_SCALE leaves $simulator (its URL) and $simulator_pid.
start_simulator() {
    step "Starting the DLI simulator; its clock runs $1 times as fast"
    local command=("$operator" simulate --listen 127.0.0.1:0 --project "$project"
        --access-key AK --secret-key SK --time-scale "$1")
    show "${command[@]/#"$operator"/dli-operator}"
    start simulator "${command[@]}"
    simulator_pid=$started
    await simulator "$simulator_pid" 20
    simulator=http://127.0.0.1:$(field port "$work/simulator.out")
    echo "listening at $simulator"
}

# write_config leaves $work/operator.yaml.
write_config() {
    cat >"$work/operator.yaml" <<YAML
clouds:
  simulator:
    dliEndpoint: "$simulator"
    iamEndpoint: "$simulator"
metricsAddress: 127.0.0.1:0
healthAddress: 127.0.0.1:0
leaseNamespace: $system
YAML
}

install_operator_objects() {
    step "Installing the custom resources and the operator's roles"
    run kubectl apply --server-side -k deploy/local/demo
    run kubectl wait --for=condition=Established --timeout=60s crd -l app.kubernetes.io/name=dli-operator
}

# make_user_namespace NAME
make_user_namespace() {
    run kubectl create namespace "$1"
    run kubectl -n "$1" create secret generic dli-credentials \
        --from-literal=accessKey=AK --from-literal=secretKey=SK
}

# service_account_kubeconfig leaves $work/operator.kubeconfig, which can do what
# deploy/base allows the operator's ServiceAccount, and nothing else.
service_account_kubeconfig() {
    local file=$work/operator.kubeconfig admin token
    show kubectl -n "$system" create token dli-operator --duration=24h
    token=$(kubectl -n "$system" create token dli-operator --duration=24h)
    admin=$(kubectl config view --minify -o jsonpath='{.users[0].name}')
    kubectl config view --minify --flatten --raw >"$file"
    kubectl --kubeconfig "$file" config delete-user "$admin" >/dev/null
    kubectl --kubeconfig "$file" config set-credentials dli-operator --token="$token" >/dev/null
    kubectl --kubeconfig "$file" config set-context --current --user=dli-operator >/dev/null
}
