#!/usr/bin/perl
# Starts scripts for the service, which is too big to be forked for each of them. Reads requests from standard input and
# writes frames to standard output; launcher-process.ts is the other end and describes both. Each script gets a session
# and three pipes of its own, so that nothing of one reaches another. When standard input ends, the service is no more (or is
# done): the groups of all running scripts are ended, and the launcher with them.
use strict;
use warnings;
use POSIX ();
use Fcntl qw(F_SETFL O_NONBLOCK);

use constant { READ_BYTES => 65536, FORWARD_BYTES => 1048576, FLOOD_BYTES => 524288, FLOOD_REST_SECONDS => 0.01 };

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my ($requests, $frames, $child_died) = ('', '', 0);
my ($reading, $writing) = ('', '');                         # bit vectors for select
my (%job_of_pid, %source_of_fd, %sink_of_fd, %resting_until);

$0 = 'prov-backup-rsnapshot: launcher';
# What is sent to everybody must not end what ends the scripts. Caught, not ignored: exec makes that the default again, and
# a forked process touches no memory for it, which is what its start costs most.
$SIG{$_} = sub { } for qw(PIPE TERM INT HUP QUIT USR1 USR2 ALRM);
$SIG{CHLD} = sub { $child_died = 1 };
pipe(my $faults, my $tell_fault) or die "pipe: $!";
fcntl($_, F_SETFL, O_NONBLOCK) for $faults;
vec($reading, 0, 1) = 1;
frame('H', 0, '');

while (1) {
    send_frames();
    my $timeout = !%job_of_pid ? undef : $child_died ? 0 : %resting_until ? FLOOD_REST_SECONDS : quickest_end();
    wake_resting() if %resting_until;
    my ($readable, $writable) = ($reading, $writing);
    if (select($readable, $writable, undef, $timeout) > 0) {
        for my $fd (keys %source_of_fd) { forward($fd) if vec($readable, $fd, 1) }
        for my $fd (keys %sink_of_fd)   { feed($fd)    if vec($writable, $fd, 1) }
        take_requests() if vec($readable, 0, 1);
    }
    reap();
}

# A signal that comes just before select does not end it, so a script's end is also looked for now and then: soon where
# its output has ended already.
sub quickest_end {
    return (grep { $_->{sources} == 0 } values %job_of_pid) ? 0.002 : 0.05;
}

sub now { return (POSIX::times())[0] / $ticks }

sub frame {
    my ($type, $id, $data) = @_;
    $frames .= pack('a N N/a*', $type, $id, $data);
}

sub send_frames {
    while (length $frames) {
        my $sent = syswrite STDOUT, $frames;
        if (defined $sent) { substr($frames, 0, $sent, '') }
        elsif ($! != POSIX::EINTR()) { end_all() }
    }
}

sub take_requests {
    my $got = sysread STDIN, $requests, 4 * READ_BYTES, length $requests;
    return if !defined $got && $! == POSIX::EINTR();
    end_all() if !$got;
    while (length $requests >= 4) {
        my $length = unpack 'N', $requests;
        last if length $requests < 4 + $length;
        start(unpack 'N N N N/(N/a*)', substr $requests, 4, $length);
        substr($requests, 0, 4 + $length, '');
    }
}

sub start {
    my ($id, $grace, $argc, @strings) = @_;
    my $input = pop @strings;
    my @command = splice @strings, 0, $argc;
    my ($in, $sink, $out, $err, %source);
    unless (pipe($in, $sink) && pipe($source{O}, $out) && pipe($source{E}, $err)) {
        return frame('F', $id, $! + 0);
    }
    my $job = { id => $id, grace => $grace / 1000, input => $input, sources => 2, room => FORWARD_BYTES, lines => 0, bytes => 0 };
    my $sink_fd = fileno $sink;
    $sink_of_fd{$sink_fd} = [$job, $sink];
    vec($writing, $sink_fd, 1) = 1;
    fcntl($sink, F_SETFL, O_NONBLOCK);
    $job->{sink_fd} = $sink_fd;
    undef $sink;
    feed($sink_fd);

    %ENV = map { split /=/, $_, 2 } @strings;
    my $pid = fork;
    if (!defined $pid) {
        my $fault = $! + 0;
        drop_sink($sink_fd) if defined $job->{sink_fd};
        return frame('F', $id, $fault);
    }
    if ($pid == 0) {
        POSIX::setsid();
        POSIX::dup2(fileno $in, 0);
        POSIX::dup2(fileno $out, 1);
        POSIX::dup2(fileno $err, 2);
        no warnings 'exec';
        exec { $command[0] } @command;
        syswrite $tell_fault, pack('l l', $$, $! + 0);
        POSIX::_exit(127);
    }
    $job_of_pid{$pid} = $job;
    for my $stream ('O', 'E') {
        my $fd = fileno $source{$stream};
        $source_of_fd{$fd} = [$job, $stream, $source{$stream}];
        $job->{fds}{$fd} = 1;
        vec($reading, $fd, 1) = 1;
    }
    frame('S', $id, $pid);
}

# Writes what the pipe takes of a script's input; a script that does not read it stops nobody.
sub feed {
    my ($fd) = @_;
    my ($job, $sink) = @{ $sink_of_fd{$fd} };
    my $sent = length $job->{input} ? syswrite $sink, $job->{input} : 0;
    return if !defined $sent && ($! == POSIX::EAGAIN() || $! == POSIX::EINTR());
    substr($job->{input}, 0, $sent, '') if $sent;
    drop_sink($fd) if !defined $sent || !length $job->{input};
}

sub drop_sink {
    my ($fd) = @_;
    my ($job, $sink) = @{ delete $sink_of_fd{$fd} };
    vec($writing, $fd, 1) = 0;
    delete @$job{qw(input sink_fd)};
    close $sink;
}

# Passes output on, up to a bound for each script; the rest is counted, and read slowly.
sub forward {
    my ($fd) = @_;
    my ($job, $stream, $source) = @{ $source_of_fd{$fd} };
    my $got = sysread $source, my $chunk, READ_BYTES;
    return 0 if !defined $got && ($! == POSIX::EAGAIN() || $! == POSIX::EINTR());
    return drop_source($fd) if !$got;
    my $kept = substr $chunk, 0, $job->{room}, '';
    if (length $kept) {
        $job->{room} -= length $kept;
        frame($stream, $job->{id}, $kept);
    }
    if (length $chunk) {
        $job->{bytes} += length $chunk;
        $job->{lines} += $chunk =~ tr/\n//;
        rest($fd) if int($job->{bytes} / FLOOD_BYTES) > int(($job->{bytes} - length $chunk) / FLOOD_BYTES);
    }
    return $got;
}

sub rest {
    my ($fd) = @_;
    vec($reading, $fd, 1) = 0;
    $resting_until{$fd} = now() + FLOOD_REST_SECONDS;
}

sub drop_source {
    my ($fd) = @_;
    my ($job, undef, $source) = @{ delete $source_of_fd{$fd} };
    vec($reading, $fd, 1) = 0;
    delete $resting_until{$fd};
    delete $job->{fds}{$fd};
    $job->{sources}--;
    close $source;
    return 0;
}

sub wake_resting {
    my $now = now();
    for my $fd (grep { $resting_until{$_} <= $now } keys %resting_until) {
        delete $resting_until{$fd};
        vec($reading, $fd, 1) = 1;
    }
}

# A script's end is reported with what it wrote until then; what a child of it writes later goes nowhere.
sub reap {
    $child_died = 0;
    while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) {
        my $status = $?;
        my $job = delete $job_of_pid{$pid} or next;
        for my $fd (keys %{ $job->{fds} }) {
            fcntl($source_of_fd{$fd}[2], F_SETFL, O_NONBLOCK);
            my $left = FORWARD_BYTES;
            while ($left > 0 && (my $got = forward($fd))) { $left -= $got }
            drop_source($fd) if $source_of_fd{$fd};
        }
        drop_sink($job->{sink_fd}) if defined $job->{sink_fd};
        my $fault = $status == 127 << 8 ? fault_of($pid) : undef;
        frame(defined $fault ? ('F', $job->{id}, $fault) : ('X', $job->{id}, "$status $job->{lines} $job->{bytes}"));
    }
}

my %fault_of_pid;

# The errno of an exec that failed; undefined where the script itself ended with 127.
sub fault_of {
    while ((sysread($faults, my $told, 8) // 0) == 8) {
        my ($pid, $errno) = unpack 'l l', $told;
        $fault_of_pid{$pid} = $errno;
    }
    return delete $fault_of_pid{ $_[0] };
}

sub end_all {
    my %grace_of_group = map { $_ => $job_of_pid{$_}{grace} } keys %job_of_pid;
    kill 'TERM', -$_ for keys %grace_of_group;
    my $began = now();
    while (%grace_of_group) {
        while (waitpid(-1, POSIX::WNOHANG()) > 0) { }
        for my $group (keys %grace_of_group) {
            my $over = now() - $began >= $grace_of_group{$group};
            delete $grace_of_group{$group} if $over ? (kill('KILL', -$group) || 1) : !kill(0, -$group);
        }
        select undef, undef, undef, 0.02;
    }
    POSIX::_exit(0);
}
