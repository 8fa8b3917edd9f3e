#!/bin/sh
#
# Sets up an OpenLDAP server for tests in one step: test-directory.sh FOLDER [PORT]
#
# FOLDER must not exist; all files are created in it. slapd (Debian: apt-get install slapd
# ldap-utils) runs in the foreground on 127.0.0.1:PORT (3890) until Ctrl-C. FOLDER also gets a
# configuration for the service, and a script that only prints its arguments, so that the whole life
# of an account can be watched from a second terminal. If slapd cannot run, the script prints why
# and leaves nothing behind.

set -eu
umask 077

# Prints the reason and exits with the code.
give_up() {
  code=$1
  shift
  echo "test-directory.sh: $*" >&2
  exit "$code"
}

if [ "$#" -lt 1 ] || [ "$#" -gt 2 ]; then
  echo "usage: test-directory.sh FOLDER [PORT]" >&2
  exit 64
fi
port=${2:-3890}
case $port in
  *[!0-9]* | '') give_up 64 "\"$port\" is not a port" ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
folder=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
case $folder in
  *[!A-Za-z0-9._/-]*) give_up 64 "use a folder without blanks and special characters" ;;
esac
[ ! -e "$folder" ] || give_up 1 "$folder exists already: name a folder that does not"

suffix=dc=stoney-cloud,dc=org
base=ou=accounts,ou=backup,ou=services,$suffix
daemon=cn=prov-backup-rsnapshot,ou=daemons,$suffix

first_of() {
  for candidate; do
    if [ -e "$candidate" ]; then
      echo "$candidate"
      return
    fi
  done
  give_up 1 "slapd is not installed as expected; looked for $*"
}
schemas=$(first_of /etc/ldap/schema /etc/openldap/schema)
modules=$(first_of /usr/lib/ldap /usr/lib64/openldap /usr/lib/openldap)
slapd=$(PATH=$PATH:/usr/sbin:/usr/libexec:/usr/lib/openldap command -v slapd || first_of /usr/sbin/slapd)
slapadd=$(PATH=$PATH:/usr/sbin command -v slapadd || first_of /usr/sbin/slapadd)

command -v node >/dev/null || give_up 1 "Node.js is not installed"
# Test the port first: slapd would end without a message, after everything was set up.
node -e '
  const server = require("node:net").createServer();
  server.on("error", ({ code }) => process.exit(code === "EADDRINUSE" ? 3 : 4));
  server.listen({ host: "127.0.0.1", port: Number(process.argv[1]) }, () => server.close());
' "$port" 2>/dev/null || case $? in
  3) give_up 1 "port $port of 127.0.0.1 is used by another program: stop that program, or name another port: test-directory.sh $1 PORT" ;;
  *) give_up 1 "nothing can listen on port $port of 127.0.0.1 here: name another port: test-directory.sh $1 PORT" ;;
esac

mkdir -p "$folder/database"
cat >"$folder/slapd.conf" <<CONF
include $schemas/core.schema
include $schemas/cosine.schema
include $schemas/nis.schema
include $schemas/inetorgperson.schema
include $project/config/schema/stoney-backup.schema
pidfile $folder/slapd.pid
modulepath $modules
moduleload back_mdb
moduleload syncprov
database mdb
suffix "$suffix"
rootdn "cn=admin,$suffix"
rootpw admin
directory $folder/database
index entryCSN,entryUUID,objectClass,sstProvisioningState,sstProvisioningMode,uid eq
limits dn.exact="$daemon" size=unlimited time=unlimited
access to attrs=userPassword by anonymous auth by * none
# A production directory gives the service less: it may read below the base, and write only the
# sstProvisioning attributes.
access to dn.subtree="$base" by dn.exact="$daemon" write by * none
access to * by * none
overlay syncprov
syncprov-sessionlog 1000
CONF

cat >"$folder/tree.ldif" <<LDIF
dn: $suffix
objectClass: organization
objectClass: dcObject
o: stoney cloud
dc: stoney-cloud

dn: ou=daemons,$suffix
objectClass: organizationalUnit
ou: daemons

dn: $daemon
objectClass: person
cn: prov-backup-rsnapshot
sn: prov-backup-rsnapshot
userPassword: secret

dn: ou=services,$suffix
objectClass: organizationalUnit
ou: services

dn: ou=backup,ou=services,$suffix
objectClass: organizationalUnit
ou: backup

dn: $base
objectClass: organizationalUnit
ou: accounts
LDIF
"$slapadd" -f "$folder/slapd.conf" -l "$folder/tree.ldif"

cat >"$folder/script.sh" <<'SCRIPT'
#!/bin/sh
printf '%s\n' "asked to $1 $2, with the home ${PROV_HOME_DIRECTORY:-(none)}"
SCRIPT
chmod 700 "$folder/script.sh"
cat >"$folder/service.yaml" <<YAML
directory:
  url: ldap://127.0.0.1:$port
  bindDn: $daemon
  bindPassword: secret
  base: $base
script:
  command: [$folder/script.sh]
log:
  file: $folder/provisioning.log
operator:
  listen: unix:$folder/operator.sock
YAML

cat <<TEXT
The directory is on ldap://127.0.0.1:$port, its administrator is cn=admin,$suffix with the password admin.
In a second terminal, in $project:

  npm start -- run -c $folder/service.yaml --debug

and in a third one:

  mkdir -p /root/data
  npm start -- ldif create --uid 3724300
  npm start -- ldif load -c $folder/service.yaml /root/data/01_add_3724300.ldif
  ldapmodify -x -H ldap://127.0.0.1:$port -D cn=admin,$suffix -w admin -f /root/data/02_modify_3724300.ldif
  npm start -- explain -c $folder/service.yaml 3724300

Press Ctrl-C here to stop the directory; rm -r $folder removes it.
TEXT
exec "$slapd" -d 0 -f "$folder/slapd.conf" -h "ldap://127.0.0.1:$port/"
