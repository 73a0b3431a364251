#!/usr/bin/env bash
# A control plane and the DLI simulator to run an operator under development
# against: custom resources, roles, a namespace and credentials are in place.
# Stays until Ctrl-C, then leaves nothing behind.
#
#   TIME_SCALE=25   how many times faster than real the simulated cloud is
#   DLI_OPERATOR_BIN=target/debug/dli-operator   a program to use instead of building one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/local/lib.sh
source deploy/local/lib.sh

namespace=${NAMESPACE:-demo}
open_work
build_all
start_control_plane
start_simulator "${TIME_SCALE:-25}"
install_operator_objects
service_account_kubeconfig
write_config
make_user_namespace "$namespace"
kubectl config set-context --current --namespace "$namespace" >/dev/null

cat >"$work/first.yaml" <<'YAML'
apiVersion: dli.huaweicloud.com/v1alpha1
kind: DliProject
metadata:
  name: default
spec:
  region: ap-southeast-3
  cloud: simulator
---
apiVersion: dli.huaweicloud.com/v1alpha1
kind: DliQueue
metadata:
  name: etl
spec:
  cuCount: 16
YAML

cat <<TEXT

Ready, until Ctrl-C. In another terminal:

  export KUBECONFIG=$KUBECONFIG PATH=$bin:\$PATH

  # the operator from this source tree, with the rights of its ServiceAccount
  cargo run -- run --config $work/operator.yaml --kubeconfig $work/operator.kubeconfig

  # something for it to do, in namespace $namespace
  kubectl apply -f $work/first.yaml
  kubectl get dli -w

  logs: $work/simulator.log, $work/cluster/*.log
TEXT
trap 'exit 0' INT
while alive "$simulator_pid"; do sleep 1; done
tail -n 20 "$work/simulator.log" >&2
fail "the simulator ended by itself"
