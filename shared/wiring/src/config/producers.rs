//! Who may produce what.

use hubcast_model::producers::{Producers, SenderPattern};

use super::reader::Reader;

impl Reader<'_> {
    /// The same where only the roles of tokens count, and no sender of SQS.
    pub(super) fn producers_by_role(&mut self) -> Option<Producers> {
        let Some(text) = self.optional("PRODUCERS") else {
            return Some(Producers::Anyone);
        };
        let parsed = Producers::parse(&text, Vec::new());
        parsed.map_err(|err| self.fault::<()>("PRODUCERS", err)).ok()
    }

    /// Anyone may do everything when `PRODUCERS` is not set.
    pub(super) fn producers(&mut self) -> Option<Producers> {
        let own = self.list("OWN_SENDERS");
        let Some(text) = self.optional("PRODUCERS") else {
            return Some(Producers::Anyone);
        };
        let own: Result<Vec<_>, _> = own.iter().map(|id| SenderPattern::parse(id)).collect();
        let own = own.map_err(|err| self.fault::<()>("OWN_SENDERS", err)).ok()?;
        Producers::parse(&text, own).map_err(|err| self.fault::<()>("PRODUCERS", err)).ok()
    }
}
