//! Nothing lost: the real server over real services, killed at random moments and at named
//! points; services stopped and started; a queue deleted by hand.

mod ledger;
mod nothing_lost;
