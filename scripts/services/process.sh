# Running one private service as its own user, known by its own process id.
# Sourced by scripts/service; `dir` is the folder of this set of services.

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# act_as USER: fills `as`, the words to put before a command. Both servers refuse to run
# as root, so root gives that up; anybody else runs them as themselves.
act_as() {
    as=()
    if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid "$1" --regid "$1" --init-groups); fi
}

owned_folder() {
    mkdir -p "$2"
    if [ "$(id -u)" = 0 ]; then chown "$1:$1" "$2"; fi
}

alive() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    [[ ${stat##*) } != Z* ]]
}

gone() { ! alive "$1"; }
reaped() { [ ! -e "/proc/$1" ]; }

# within SECONDS COMMAND...: whether the command succeeded before the time was up.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then return 1; fi
        sleep 0.1
    done
}

pid_of() { cat "$dir/$1/pid" 2>/dev/null; }

running() {
    local pid
    pid=$(pid_of "$1") && alive "$pid"
}

# launch NAME USER COMMAND...: in a session of its own, so that Ctrl-C reaches only the
# command under test; without descriptors 7, 8 and 9, which belong to with-services. A shell
# stays as its parent to take its exit status: a dead server whose process id still exists,
# because init is slow or does not do this, would forbid the next start.
launch() (
    name=$1
    act_as "$2"
    shift 2
    cd "$dir/$name"
    rm -f pid
    # shellcheck disable=SC2016
    "${as[@]}" setsid bash -c '"$@" & echo $! >pid; wait' - "$@" \
        </dev/null >>"$dir/$name.log" 2>&1 7>&- 8>&- 9>&- &
    within 5 test -s pid
)

# await NAME SECONDS COMMAND...: a server is up when it answers, not when it was started.
await() {
    local name=$1 seconds=$2 end=$((SECONDS + $2)) fault=
    shift 2
    until "$@"; do
        if ! running "$name"; then fault="ended before it answered"; fi
        if [ "$SECONDS" -ge "$end" ]; then fault="did not answer within $seconds seconds"; fi
        if [ "$fault" ]; then
            tail -n 25 "$dir/$name.log" >&2
            fail "$name $fault; the end of its log is above."
        fi
        sleep 0.1
    done
}

# end NAME SIGNAL SECONDS: asks, waits, then does not ask.
end() {
    local pid
    if pid=$(pid_of "$1") && alive "$pid"; then
        kill -s "$2" "$pid"
        within "$3" gone "$pid" || kill -s KILL "$pid"
        within 5 reaped "$pid" || gone "$pid" || fail "process $pid of $1 does not end."
    fi
    rm -f "$dir/$1/pid"
}
