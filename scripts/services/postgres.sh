# A private PostgreSQL. Sourced by scripts/service.

# The newest that Debian has installed, or the one on PATH elsewhere.
pg_bin() {
    local found
    found=$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n 1) ||
        found=$(command -v postgres) ||
        fail "PostgreSQL's server is missing. Run: scripts/install-missing services"
    dirname "$found"
}

# Durability is under test: what makes a commit durable stays on, whatever it costs.
postgres_settings() {
    cat <<SETTINGS
listen_addresses = '127.0.0.1'
port = $pg_port
unix_socket_directories = '$dir/postgres'
max_connections = 400
shared_buffers = 256MB
dynamic_shared_memory_type = mmap
fsync = on
full_page_writes = on
synchronous_commit = on
log_line_prefix = '%m [%p] '
timezone = 'UTC'
SETTINGS
}

postgres_prepare() {
    local bin data=$dir/postgres/data
    bin=$(pg_bin)
    owned_folder postgres "$dir/postgres"
    act_as postgres
    (cd "$dir/postgres" && "${as[@]}" "$bin/initdb" --no-sync --auth=trust --encoding=UTF8 \
        --locale=C.UTF-8 --username=frontdoor --pgdata="$data") >"$dir/postgres.log" 2>&1 || {
        tail -n 25 "$dir/postgres.log" >&2
        fail "PostgreSQL's initdb failed; its output is above."
    }
    postgres_settings >>"$data/postgresql.conf"
    postgres_start
    "$bin/createdb" -h 127.0.0.1 -p "$pg_port" -U frontdoor frontdoor
}

postgres_start() {
    running postgres && return
    local bin
    bin=$(pg_bin)
    launch postgres postgres "$bin/postgres" -D "$dir/postgres/data"
    await postgres 60 "$bin/pg_isready" -q -h 127.0.0.1 -p "$pg_port" -U frontdoor -d postgres
}

postgres_stop() { end postgres INT 60; }

# The whole server at one blow, as in a crash. Its backends would otherwise finish their
# work, and hold the memory that the next start wants.
postgres_kill() {
    local pid backends=()
    if running postgres; then
        pid=$(pid_of postgres)
        read -ra backends <"/proc/$pid/task/$pid/children" || true
        kill -s KILL "$pid" "${backends[@]}" 2>/dev/null || true
        for pid in "${backends[@]}"; do within 10 gone "$pid"; done
    fi
    end postgres KILL 10
}

# For good, with the folder to follow: no checkpoint. What a killed server left in System V
# shared memory is named in its own pid file.
postgres_discard() {
    end postgres QUIT 10
    local line segment
    if line=$(sed -n 7p "$dir/postgres/data/postmaster.pid" 2>/dev/null); then
        read -r _ segment <<<"$line" && ipcrm -m "$segment" 2>/dev/null || true
    fi
}
