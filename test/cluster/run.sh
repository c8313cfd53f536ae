# In namespaces of its own for network, mounts and processes: whatever is left of a node ends with the tests.
exec unshare --net --mount --pid --fork --kill-child --mount-proc sh -c '
  ip link set lo up
  vitest run --config test/cluster/vitest.config.ts
'
