"""A daemon as an administrator would write it today.

A thread subscribes to the open accounts; workers run the script.

Arguments: URL DN PASSWORD BASE SCRIPT WORKERS.
"""

import logging
import queue
import subprocess
import sys
import threading
import time

import ldap
from ldap.ldapobject import SimpleLDAPObject
from ldap.syncrepl import SyncreplConsumer

MODES = {b"add": (b"adding", b"added"), b"modify": (b"modifying", b"modified"), b"delete": (b"deleting", b"deleted")}
MODE, STATE, RETURN = "sstProvisioningMode", "sstProvisioningState", "sstProvisioningReturnValue"
DATES = ("sstProvisioningDate", "sstProvisioningExecutionDate")

url, bind_dn, password, base, script, workers = sys.argv[1:]
due = queue.Queue()
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)


class Watcher(SimpleLDAPObject, SyncreplConsumer):
    def syncrepl_get_cookie(self):
        return None

    def syncrepl_set_cookie(self, cookie):
        pass

    def syncrepl_present(self, uuids, refreshDeletes=False):
        pass

    def syncrepl_delete(self, uuids):
        pass

    def syncrepl_entry(self, dn, attributes, uuid):
        mode = attributes.get(MODE, [b""])[0]
        date = next((attributes[name][0] for name in DATES if name in attributes), b"0")
        inactive = attributes.get("sstIsActive") == [b"FALSE"]
        today = time.strftime("%Y%m%d").encode()
        if mode in MODES and date <= today and (mode != b"delete" or inactive):
            due.put((dn, attributes, mode))


def replace(name, old, new):
    return [(ldap.MOD_DELETE, name, [old]), (ldap.MOD_ADD, name, [new])]


def handle(directory, dn, attributes, mode):
    doing, done = MODES[mode]
    uid = attributes["uid"][0].decode()
    try:
        directory.modify_s(dn, replace(MODE, mode, doing))
    except (ldap.NO_SUCH_ATTRIBUTE, ldap.NO_SUCH_OBJECT):
        return  # another client changed it: a further change will show how
    run = subprocess.run([script, mode.decode(), uid], capture_output=True, timeout=600)
    code = [(ldap.MOD_REPLACE, RETURN, [str(run.returncode).encode()])]
    if run.returncode == 0:
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()).encode()
        date = next((name for name in DATES if name in attributes), DATES[0])
        code += replace(MODE, doing, done) + replace(STATE, b"0", now) + [(ldap.MOD_REPLACE, date, [b"0"])]
    directory.modify_s(dn, code)
    logging.info("%s %s: %d %s", uid, mode.decode(), run.returncode, run.stdout.decode(errors="replace"))


def work():
    directory = ldap.initialize(url)
    directory.simple_bind_s(bind_dn, password)
    while True:
        dn, attributes, mode = due.get()
        try:
            handle(directory, dn, attributes, mode)
        except Exception:
            logging.exception("%s", dn)


for _ in range(int(workers)):
    threading.Thread(target=work, daemon=True).start()
watcher = Watcher(url)
watcher.simple_bind_s(bind_dn, password)
names = ["uid", MODE, STATE, *DATES, "sstIsActive"]
open_accounts = f"(&(objectClass=sstProvisioning)({STATE}=0))"
search = watcher.syncrepl_search(
    base, ldap.SCOPE_SUBTREE, mode="refreshAndPersist", filterstr=open_accounts, attrlist=names
)
watcher.syncrepl_poll(search, all=1)
