# A private RabbitMQ with a port mapper of its own. Sourced by scripts/service.

readonly rabbit_bin=/usr/lib/rabbitmq/bin

# Everything that RabbitMQ would otherwise look for in the system's folders, or share with
# another node. RUNNING_UNDER_SYSTEMD makes its script become the node instead of waiting
# for it, so that the process id is the node's.
rabbit_environment() {
    local home=$dir/rabbitmq loopback='-kernel inet_dist_use_interface {127,0,0,1}'
    export HOME=$home RUNNING_UNDER_SYSTEMD=true
    export ERL_EPMD_PORT=$epmd_port ERL_EPMD_ADDRESS=127.0.0.1
    export RABBITMQ_NODENAME=frontdoor@localhost RABBITMQ_DIST_PORT=$dist_port
    export RABBITMQ_CONF_ENV_FILE=$home/rabbitmq-env.conf
    export RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf
    export RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins
    export RABBITMQ_MNESIA_BASE=$home/data RABBITMQ_LOG_BASE=$home/log
    export RABBITMQ_PID_FILE=$home/node.pid
    # Waiting busily would take a core from the program under test.
    export RABBITMQ_SCHEDULER_BIND_TYPE=u
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none $loopback"
    export RABBITMQ_CTL_ERL_ARGS="+sbwt none $loopback"
}

rabbit_settings() {
    cat <<SETTINGS
listeners.tcp.1 = 127.0.0.1:$amqp_port
log.console = false
log.file.level = info
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 256MB
raft.wal_max_size_bytes = 67108864
SETTINGS
}

rabbitmq_prepare() {
    [ -x "$rabbit_bin/rabbitmq-server" ] ||
        fail "RabbitMQ is missing. Run: scripts/install-missing services"
    owned_folder rabbitmq "$dir/epmd"
    owned_folder rabbitmq "$dir/rabbitmq"
    rabbit_settings >"$dir/rabbitmq/rabbitmq.conf"
    echo '[].' >"$dir/rabbitmq/enabled_plugins"
    : >"$dir/rabbitmq/rabbitmq-env.conf"
    # The node would start one that outlives it.
    launch epmd rabbitmq epmd -port "$epmd_port" -address 127.0.0.1
    rabbitmq_start
}

rabbitmq_start() {
    running rabbitmq && return
    (rabbit_environment && launch rabbitmq rabbitmq "$rabbit_bin/rabbitmq-server")
    await rabbitmq 90 rabbitmq_answers
}

# The protocol's greeting: anybody can accept a connection.
rabbitmq_answers() (
    exec 3<>"/dev/tcp/127.0.0.1/$amqp_port" || return 1
    printf 'AMQP\0\0\11\1' >&3
    IFS= read -r -t 2 -N 1 -u 3 first && [ "$first" = $'\1' ]
) 2>/dev/null

rabbitmq_stop() { end rabbitmq TERM 60; }
rabbitmq_kill() { end rabbitmq KILL 10; }

rabbitmq_discard() {
    rabbitmq_kill
    end epmd KILL 10
}

rabbitmq_ctl() {
    rabbit_environment
    act_as rabbitmq
    cd "$dir/rabbitmq"
    exec "${as[@]}" "$rabbit_bin/rabbitmqctl" --quiet "$@"
}
