//! Which part of the rules gets which ports.

use std::sync::Arc;

use hubcast_membership::presence::Presence;
use hubcast_membership::shards::Shards;

use super::arrival::Arrival;
use super::boards::Boards;
use super::budget::Budget;
use super::calls::Calls;
use super::closer::Closer;
use super::conversation::Conversation;
use super::deadline::Deadlines;
use super::entrance::Entrance;
use super::exit::Exit;
use super::group::GroupMethods;
use super::handshake::Handshake;
use super::inbox::Inboxes;
use super::invocation::Invocations;
use super::limit::LimitCheck;
use super::liveness::Liveness;
use super::meter::Meter;
use super::method::BuiltIn;
use super::order::Order;
use super::reason::Reasons;
use super::result::Results;
use super::{FramePorts, FrameSettings};
use crate::upstream::Upstream;

type WiredPresence<S, C, U> = Presence<S, Upstream<U>, C>;
type WiredArrival<S, G, C, U> = Arrival<S, G, C, WiredPresence<S, C, U>>;
/// The part that takes handshakes on.
pub(super) type WiredHandshake<S, G, C, U> =
    Handshake<S, G, C, WiredPresence<S, C, U>, WiredArrival<S, G, C, U>>;
/// The part that answers invocations.
pub(super) type WiredInvocations<S, G, C> = Invocations<S, C, GroupMethods<S, G, C>>;
/// The part that brings calls to backends.
pub(super) type WiredCalls<S, C, U> = Calls<S, C, U>;
/// All parts.
pub(super) type WiredConversation<S, G, C, U> = Conversation<
    S,
    G,
    C,
    WiredHandshake<S, G, C, U>,
    WiredInvocations<S, G, C>,
    WiredCalls<S, C, U>,
>;

/// The ports, shared by the parts.
struct Wiring<S, G, C, U> {
    store: Arc<S>,
    gateway: Arc<G>,
    clock: Arc<C>,
    upstream: Option<Arc<Upstream<U>>>,
    shards: Arc<Shards>,
    liveness: Arc<Liveness<S, C>>,
    boards: Arc<Boards<S, G, C>>,
    budget: Arc<Budget>,
    order: Arc<Order<S, C>>,
}

/// The parts over these ports.
pub(super) fn conversation<S, G, C, U>(
    ports: FramePorts<S, G, C, U>,
    settings: &FrameSettings,
    shards: Shards,
) -> WiredConversation<S, G, C, U> {
    let wiring = Wiring::new(ports, shards, settings);
    Conversation {
        clock: Arc::clone(&wiring.clock),
        lifetime: settings.lifetime,
        meter: Meter {
            store: Arc::clone(&wiring.store),
            clock: Arc::clone(&wiring.clock),
            budget: Arc::clone(&wiring.budget),
            hands_up: wiring.upstream.is_some(),
            built_in: built_in(settings),
        },
        handshake: wiring.handshake(settings),
        liveness: Arc::clone(&wiring.liveness),
        deadlines: Deadlines { store: Arc::clone(&wiring.store), clock: Arc::clone(&wiring.clock) },
        invocations: wiring.invocations(settings),
        calls: wiring.calls(),
        order: Arc::clone(&wiring.order),
        results: Results { store: Arc::clone(&wiring.store) },
        reasons: Reasons { store: Arc::clone(&wiring.store), are_heard: wiring.upstream.is_some() },
        closer: wiring.closer(settings),
    }
}

fn built_in(settings: &FrameSettings) -> BuiltIn {
    BuiltIn { own_methods: settings.own_methods.clone() }
}

impl<S, G, C, U> Wiring<S, G, C, U> {
    fn new(ports: FramePorts<S, G, C, U>, shards: Shards, settings: &FrameSettings) -> Self {
        let FrameSettings { allowance, order_wait: wait, .. } = *settings;
        let FramePorts { store, gateway, clock, upstream } = ports;
        let (store, gateway, clock) = (Arc::new(store), Arc::new(gateway), Arc::new(clock));
        let liveness = Liveness { store: Arc::clone(&store), clock: Arc::clone(&clock) };
        let boards = Boards {
            store: Arc::clone(&store),
            gateway: Arc::clone(&gateway),
            clock: Arc::clone(&clock),
            allowance,
        };
        let budget = Arc::new(Budget::new(allowance));
        let order = Order {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            budget: Arc::clone(&budget),
            wait,
        };
        Self {
            store,
            gateway,
            clock,
            order: Arc::new(order),
            upstream: upstream.map(Arc::new),
            shards: Arc::new(shards),
            liveness: Arc::new(liveness),
            boards: Arc::new(boards),
            budget,
        }
    }

    fn closer(&self, settings: &FrameSettings) -> Closer<S, G, C> {
        Closer {
            close_grace: settings.close_grace,
            store: Arc::clone(&self.store),
            gateway: Arc::clone(&self.gateway),
            clock: Arc::clone(&self.clock),
        }
    }

    fn handshake(&self, settings: &FrameSettings) -> WiredHandshake<S, G, C, U> {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let presence = Arc::new(Presence::new(store, self.upstream.clone(), clock));
        let limit = Arc::new(LimitCheck {
            limit: settings.connections,
            closer: self.closer(settings),
            presence: Arc::clone(&presence),
        });
        let (store, leaving) = (Arc::clone(&self.store), Arc::clone(&presence));
        let exit = Arc::new(Exit { store, presence: leaving });
        Handshake {
            store: Arc::clone(&self.store),
            gateway: Arc::clone(&self.gateway),
            budget: Arc::clone(&self.budget),
            liveness: Arc::clone(&self.liveness),
            limit: Arc::clone(&limit),
            entrance: self.entrance(),
            inboxes: self.inboxes(),
            exit: Arc::clone(&exit),
            arrival: Arrival { presence, limit, boards: Arc::clone(&self.boards), exit },
        }
    }

    fn entrance(&self) -> Entrance<S, C> {
        Entrance {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            shards: Arc::clone(&self.shards),
        }
    }

    fn inboxes(&self) -> Inboxes<S, G, C> {
        Inboxes {
            store: Arc::clone(&self.store),
            gateway: Arc::clone(&self.gateway),
            clock: Arc::clone(&self.clock),
        }
    }

    fn invocations(&self, settings: &FrameSettings) -> WiredInvocations<S, G, C> {
        Invocations {
            liveness: Arc::clone(&self.liveness),
            allowance: settings.allowance,
            built_in: built_in(settings),
            groups: GroupMethods {
                store: Arc::clone(&self.store),
                clock: Arc::clone(&self.clock),
                shards: Arc::clone(&self.shards),
                boards: Arc::clone(&self.boards),
                groups_max: settings.groups_max,
                allowance: settings.allowance,
            },
            hands_up: self.upstream.is_some(),
        }
    }

    fn calls(&self) -> Option<WiredCalls<S, C, U>> {
        let upstream = self.upstream.as_ref().map(Arc::clone)?;
        Some(Calls {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            upstream,
            order: Arc::clone(&self.order),
        })
    }
}
