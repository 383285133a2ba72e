//! What passes through the gateway: posts, cuts, and what functions are told of sockets.

use hubcast_model::id::SocketId;

use crate::client::without_sequence;
use crate::process::{Next, Post, Process};
use crate::world::{Followers, LATER, NOW, WINDOW, World};

impl World {
    pub(crate) fn post(
        &self,
        at: usize,
        post: &Post,
        is_again: bool,
        add: &mut impl FnMut(&str, Self),
    ) {
        let then = |next: Next, change: &dyn Fn(&mut Self)| {
            self.with(|world| {
                change(world);
                world.processes[at].next = next;
            })
        };
        let (socket, body) = (&post.socket, &post.body);
        if self.closed.contains(socket) {
            let next = Next::Lose(socket.clone());
            return add(&format!("posts {body} to {socket}: 410"), then(next, &|_| {}));
        }
        let arrives = |world: &mut Self| world.arrive(post);
        add(&format!("posts {body}: 200"), then(Next::Settle(post.clone()), &arrives));
        if self.mishaps.lost_posts == 0 {
            return;
        }
        let next = if is_again {
            Next::Cut { socket: socket.clone(), is_in_doubt: true }
        } else {
            Next::PostAgain(post.clone())
        };
        let lose = |world: &mut Self| world.mishaps.lost_posts -= 1;
        let lose_and_arrive = |world: &mut Self| {
            lose(world);
            world.arrive(post);
        };
        add("posts: no answer, arrived", then(next.clone(), &lose_and_arrive));
        add("posts: no answer, lost", then(next.clone(), &lose));
        if self.mishaps.late_posts > 0 {
            let later = |world: &mut Self| {
                lose(world);
                world.mishaps.late_posts -= 1;
                world.late.push(post.clone());
            };
            add("posts: no answer, late", then(next, &later));
        }
    }

    fn arrive(&mut self, post: &Post) {
        if !self.is_open(&post.socket) {
            return;
        }
        let has_sequences = self.rules.has_sequences || self.client.waits;
        let body = if has_sequences { post.body.clone() } else { without_sequence(&post.body) };
        self.pipes.get_mut(&post.socket).expect("a socket").push_back(body);
    }

    /// Whether both sides have the socket.
    pub(crate) fn is_open(&self, socket: &SocketId) -> bool {
        !self.closed.contains(socket) && !self.deaf.contains(socket)
    }

    /// The answer to the handshake, which the client reads at once.
    pub(crate) fn answer(&mut self, at: usize) {
        let first = self.pipes.keys().next().expect("a socket").clone();
        let arrives = self.is_open(&first) && self.client.socket.as_ref() == Some(&first);
        if arrives {
            self.client.note_answer();
        }
        let has_answered = !self.closed.contains(&first);
        self.processes[at].next = if has_answered { Next::Through } else { Next::Nothing };
    }

    /// The client is told to go, and its socket is closed.
    pub(crate) fn dismiss(&mut self, at: usize, socket: &SocketId) {
        self.client.is_gone |= self.client.socket.as_ref() == Some(socket);
        self.client.socket.take_if(|own| *own == *socket);
        self.close(socket);
        self.processes[at].next = Next::Nothing;
    }

    pub(crate) fn cut(&mut self, socket: &SocketId, is_in_doubt: bool, at: usize) {
        self.close(socket);
        let lose = Next::Lose(socket.clone());
        self.processes[at].next = if is_in_doubt { lose } else { Next::Nothing };
    }

    pub(crate) fn gateway_steps(&self, followers: &mut Followers) {
        let mut add = |what: String, world: Self| followers.push((what, world));
        for (at, post) in self.late.iter().enumerate() {
            let next = self.with(|world| {
                world.late.remove(at);
                world.arrive(post);
            });
            add(format!("a late frame arrives: {}", post.body), next);
        }
        for (at, through) in self.late_acks.iter().enumerate() {
            let next = self.with(|world| {
                world.late_acks.remove(at);
                world.hear_ack(*through);
            });
            add(format!("a late acknowledgement of {through} arrives"), next);
        }
        for socket in &self.untold {
            let told = self.with(|world| {
                world.untold.remove(socket);
                world.line.lose(socket, WINDOW, NOW);
            });
            add(format!("$disconnect of {socket}"), told);
            if self.mishaps.untold > 0 {
                let never = self.with(|world| {
                    world.untold.remove(socket);
                    world.mishaps.untold -= 1;
                });
                add(format!("no $disconnect of {socket}"), never);
            }
        }
        for socket in self.client.socket.iter().filter(|socket| self.is_open(socket)) {
            self.breaks(socket, &mut add);
        }
    }

    fn breaks(&self, socket: &SocketId, add: &mut impl FnMut(String, Self)) {
        if self.mishaps.cuts > 0 {
            let cut = self.with(|world| {
                world.mishaps.cuts -= 1;
                world.close(socket);
            });
            add(format!("{socket} breaks"), cut);
        }
        if self.mishaps.half_open > 0 {
            let deaf = self.with(|world| {
                world.mishaps.half_open -= 1;
                world.deaf.insert(socket.clone());
            });
            add(format!("{socket} is half open"), deaf);
        }
    }

    /// The alarm of a line that waits rings.
    pub(crate) fn alarm_steps(&self, followers: &mut Followers) {
        if self.mishaps.alarms == 0 || self.line.is_over(NOW) || !self.line.is_over(NOW.plus(LATER))
        {
            return;
        }
        let over = self.with(|world| {
            world.mishaps.alarms -= 1;
            world.line.end(NOW);
            let socket = world.line.socket.clone();
            world.processes.push(Process::new(96, Next::Cut { socket, is_in_doubt: false }));
        });
        followers.push(("the time of the line is up".to_owned(), over));
    }
}
