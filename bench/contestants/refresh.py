"""The refresh of all accounts with python-ldap.

Arguments: URL DN PASSWORD BASE FILTER EXPECTED.
"""

import sys

import ldap
from ldap.ldapobject import SimpleLDAPObject
from ldap.syncrepl import SyncreplConsumer


class Counter(SimpleLDAPObject, SyncreplConsumer):
    accounts = 0

    def syncrepl_get_cookie(self):
        return None

    def syncrepl_set_cookie(self, cookie):
        pass

    def syncrepl_entry(self, dn, attributes, uuid):
        if "sstProvisioningMode" in attributes and "uid" in attributes:
            self.accounts += 1

    def syncrepl_present(self, uuids, refreshDeletes=False):
        pass

    def syncrepl_delete(self, uuids):
        pass


url, dn, password, base, wanted, expected = sys.argv[1:]
counter = Counter(url)
counter.simple_bind_s(dn, password)
search = counter.syncrepl_search(base, ldap.SCOPE_SUBTREE, mode="refreshOnly", filterstr=wanted, attrlist=["*"])
counter.syncrepl_poll(search, all=1)
sys.exit(counter.accounts != int(expected))
